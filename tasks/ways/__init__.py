"""The templates of the ways of asking: one `_WAY.yml` each, included by the YAML of every task."""
