"""From a list of reports to published pages: parameters, execution, HTML, the site, provenance."""
