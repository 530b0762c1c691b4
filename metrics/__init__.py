"""Statistics of stated confidence: arrays and tallies in, numbers, tables and figures out."""
