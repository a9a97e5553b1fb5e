"""Recipes: what they refuse, and that those shipped can be read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from research.errors import MethodologyError
from research.index import Methodology
from research.signals import Recipe, recipes
from research.signals.recipe import Model, Refits, States


@pytest.mark.parametrize("name", sorted(recipes()))
def test_each_shipped_recipe_says_what_it_is_for_and_where_it_comes_from(name: str) -> None:
    recipe = Recipe.load(name)
    assert len(recipe.description) > 30
    assert recipe.source


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('name = "x"', "mine.toml: missing model"),
        ('name = "x"\n[model]\nkind = "rigde"', "'ridge'"),
        ('name = "x"\n[model]\nkind = "ridge"\nterms = { a = 1.0 }', "terms belong to"),
        ('name = "x"\n[model]\nkind = "composite"', "which needs some"),
        ('name = "x"\n[model]\nkind = "ridge"\npenalties = [0.0]', "positive"),
        ('name = "x"\n[model]\nkind = "ridge"\ntrees = 5', 'says nothing with kind = "ridge"'),
        ('name = "x"\nlargest = 5\n[model]\nkind = "ridge"', "no call would ever be made"),
        ('name = "x"\n[model]\nkind = "ridge"\n[states]\nbullish = 0.4', "in this order"),
        ('name = "x"\n[model]\nkind = "ridge"\n[refits]\nwindow_weeks = 20', "shorter than min_weeks"),
        ('name = "x"\n[model]\nkind = "ridge"\n[refit]\nfolds = 3', "'refits'"),
        ('name = "x"\n[model]\nkind = "ridge"\n[features]\nnames = ["a"]\ngroups = ["b"]', "exclude each other"),
    ],
)
def test_what_cannot_be_is_refused_with_file_key_and_mend(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(MethodologyError, match=r"mine\.toml") as caught:
        Recipe.load(written(tmp_path, text))
    assert said in str(caught.value)


def test_a_name_that_is_nearly_a_shipped_one_is_suggested() -> None:
    with pytest.raises(MethodologyError, match="composite"):
        Recipe.load("composit")


def test_a_rulebook_that_reads_no_signals_may_not_name_a_recipe(tmp_path: Path) -> None:
    path = written(tmp_path, 'name = "x"\n[selection]\ncount = 5\n[signals]\nrecipe = "ridge"\n')
    with pytest.raises(MethodologyError, match="the recipe says nothing"):
        Methodology.load(path)


def test_the_fingerprint_is_of_what_makes_the_signals_and_of_nothing_else() -> None:
    recipe = Recipe(name="a", model=Model(kind="ridge"))
    assert recipe.fingerprint == replace(recipe, name="b", description="c", locked_share=0.5).fingerprint
    others = [
        replace(recipe, refits=Refits(every_weeks=5)),
        replace(recipe, states=States(bullish=0.6)),
        replace(recipe, model=Model(kind="ridge", penalties=(2.0,))),
    ]
    assert len({recipe.fingerprint, *(other.fingerprint for other in others)}) == 4
