"""A vendor's rows -> checked rows of assets and days; tables by hand that say what a row, or an asset, is."""
