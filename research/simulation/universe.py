"""Who trades in the simulated market: ids, symbols, tags and roles. Prices are made in `paths.py`.

The rulebooks need `bitcoin`, `ethereum`, `tether`, `usd-coin`, `wrapped-bitcoin` and `staked-ether` under the ids that
real snapshots use. All other names are invented, and so is every number.
"""

from __future__ import annotations

from dataclasses import dataclass

# One name, one asset. The order within a sector is the order of size at the start or at the listing.
SECTORS: dict[str, tuple[str, ...]] = {
    "sector:payments": (
        "Silverleaf", "Remitta", "Penny Post", "Quickstone", "Tollgate", "Copperline", "Farthing", "Handshake Cash",
    ),
    "sector:layer-1": (
        "Aldera", "Borealis Chain", "Cindrel", "Dovetail Network", "Estuary", "Fjordnet", "Granite Protocol", "Helion",
        "Isthmus", "Juniper Ledger", "Kestrel Chain", "Lodestone", "Mistral Network", "Northwall", "Oxbow",
        "Pallas Net", "Quorumite", "Rivet Chain", "Nova Chain",
    ),
    "sector:layer-2": ("Rollup Ridge", "Sidecar", "Batchline", "Zephyr Rollup", "Ledgerlift"),
    "sector:defi": (
        "Lendwell", "Swapfield", "Yieldmill", "Collatera", "Optionary", "Perpetua Markets", "Poolside", "Dealbook Dao",
        "Stakeyard", "Vaultline", "Curvature", "Bondstreet", "Liquidia Swap", "Meridian Markets",
    ),
    "sector:ai": (
        "Cortexa", "Gradient Net", "Inferred", "Agentry", "Tensorfield", "Promptware", "Nova Intelligence",
        "Neuralis Grid",
    ),
    "sector:gaming": (
        "Dragonmere", "Pixelhold", "Questline", "Arcadium", "Guildhall", "Voxel Valley", "Starforge Games",
        "Lootbox Labs",
    ),
    "sector:rwa": (
        "Deedchain", "Treasurion", "Bullion Bridge", "Invoicely", "Harvest Notes", "Acreage", "Gallery Shares",
    ),
    "sector:storage": (
        "Coldstack", "Shardbox", "Archivum", "Pinboard Net", "Datadepot", "Cachet",
    ),
    "meme": (
        "Sleepy Otter", "Moon Hound", "Grumpy Goose", "Banana Cartel", "Disco Hamster", "Captain Turnip", "Laser Llama",
        "Tax Free Toad",
    ),
    "privacy": ("Veil", "Nightshade", "Cloakroom", "Hushcoin"),
    "exchange": ("Tradewind Token", "Bourse Coin", "Coinharbor Token", "Apex Exchange Token", "Marketlane"),
}  # fmt: skip

SYMBOLS = {  # where the first letters will not do: two assets share NOVA, which is the trap
    "nova-chain": "NOVA",
    "nova-intelligence": "NOVA",
    "collatera": "CLTR",
    "coldstack": "CDSK",
    "coinharbor-token": "CHT",
    "dealbook-dao": "DBK",
    "farthing": "FTHG",
    "meridian-markets": "MRDN",
    "sleepy-otter": "OTTER",
    "moon-hound": "HOUND",
}

# Roles: what happens to whom. Every defect of the sample is named here, and nowhere by a number of its own.
CRASHED_LAYER_1 = "helion"  # its supply explodes within days while the price falls by 99.9 %
CRASHED_EXCHANGE = "coinharbor-token"  # loses nine tenths within a week, then fades
FADED = ("penny-post", "nova-chain", "cachet", "hushcoin", "quorumite", "lootbox-labs", "stakeyard", "captain-turnip")
RUNNING_MEME = "moon-hound"
REDENOMINATED = "meridian-markets"
REUSED_TICKER = ("nova-chain", "nova-intelligence")
BOGUS_SUPPLY = "galactic-credits"
STALE = ("tollgate", "northwall", "archivum")
GAPPED_SHORT = ("estuary", "optionary", "guildhall", "veil", "remitta", "treasurion")
GAPPED_LONG = ("handshake-cash", "shardbox")
RETAGGED_AS_AI = "cortexa"  # trades for years before anybody calls it an AI token
AI_NARRATIVE = "2023-01-15"
LOST_CAP = "silverleaf"
ZERO_PRICES = ("gradient-net", "pallas-net", "acreage")  # the vendor prints zero; the import sets it missing
ZERO_CAPS = ("kestrel-chain", "estuary")
STATIC_TAGS = ("sector:storage", "sector:payments")  # sectors whose history nobody recorded
GOOD_STABLES = ("tether", "usd-coin")
DEPEGGED = "harbor-dollar"
COPIES = {"wrapped-bitcoin": "bitcoin", "staked-ether": "ethereum"}


@dataclass(frozen=True, kw_only=True)
class Asset:
    """One asset of the simulated market.

    Attributes
    ----------
    asset_id, symbol, name : str
    tag : str
        Its sector, or its kind where it has none.
    kind : str
        "risky" follows the factors, "stable" a peg, "copy" another asset, "bogus" nothing that exists.
    """

    asset_id: str
    symbol: str
    name: str
    tag: str
    kind: str = "risky"


def simulated_assets() -> list[Asset]:
    """All assets: bitcoin and ethereum first, then the risky ones by sector, then stables, copies and the bogus one."""
    majors = [
        Asset(asset_id="bitcoin", symbol="BTC", name="Bitcoin", tag="sector:payments"),
        Asset(asset_id="ethereum", symbol="ETH", name="Ethereum", tag="sector:layer-1"),
    ]
    others = [_asset(name, tag) for tag, names in SECTORS.items() for name in names]
    special = [
        Asset(asset_id="tether", symbol="USDT", name="Tether", tag="stablecoin", kind="stable"),
        Asset(asset_id="usd-coin", symbol="USDC", name="USD Coin", tag="stablecoin", kind="stable"),
        Asset(asset_id=DEPEGGED, symbol="HUSD", name="Harbor Dollar", tag="stablecoin", kind="stable"),
        Asset(asset_id="wrapped-bitcoin", symbol="WBTC", name="Wrapped Bitcoin", tag="wrapped", kind="copy"),
        Asset(asset_id="staked-ether", symbol="STETH", name="Staked Ether", tag="staked", kind="copy"),
        Asset(asset_id=BOGUS_SUPPLY, symbol="GALX", name="Galactic Credits", tag="sector:payments", kind="bogus"),
    ]
    simulated = [*majors, *others, *special]
    return [Asset(**{**vars(asset), "name": f"{asset.name} (SIMULATED)"}) for asset in simulated]


def _asset(name: str, tag: str) -> Asset:
    asset_id = name.lower().replace(" ", "-")
    return Asset(
        asset_id=asset_id, symbol=SYMBOLS.get(asset_id, asset_id.replace("-", "")[:4].upper()), name=name, tag=tag
    )
