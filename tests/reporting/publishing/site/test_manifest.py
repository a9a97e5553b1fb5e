"""The folder agrees with its manifest, whoever changed a page or was killed meanwhile."""

from __future__ import annotations

from tests.reporting.publishing.conftest import Project, assert_consistent, built, entries


def test_the_page_of_a_report_no_longer_listed_goes_with_the_next_build_of_all(project: Project) -> None:
    project.notebook("walk", "days")
    project.reports(old__walk="", new__walk="")
    built(project)
    (project.site / "mine.txt").write_text("not ours")
    project.reports(new__walk="")
    built(project, only=["new"])
    assert sorted(entries(project.site)) == ["new", "old"]
    assert "old.html" in (project.site / "index.html").read_text()
    built(project)
    (project.site / "mine.txt").unlink()  # was left alone
    assert_consistent(project.site, "new")


def test_a_page_changed_by_another_hand_is_put_aside_and_its_report_marked(project: Project) -> None:
    project.notebook("walk", "days")
    project.reports(one__walk="", two__walk="")
    built(project)
    (project.site / "one.html").write_text("mine")
    built(project, only=["two"])
    assert (project.work / "one.html").read_text() == "mine"
    assert "lost or changed after it was published" in str(entries(project.site)["one"]["error"])
    assert_consistent(project.site, "two")
    built(project)
    assert_consistent(project.site, "one", "two")


def test_what_a_killed_build_was_writing_is_swept_also_when_its_report_is_not_built_again(project: Project) -> None:
    project.notebook("walk", "days")
    project.reports(one__walk="", two__walk="")
    built(project)
    for name in (".one.html.part", ".gone.html.part", ".manifest.json.part", ".index.html.part"):
        (project.site / name).write_text("half")
    built(project, only=["two"])
    assert_consistent(project.site, "one", "two")
