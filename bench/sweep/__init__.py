"""Grids of trained or given checkpoints: `caopd-bench sweep`, and what its rows say."""
