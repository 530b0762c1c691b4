"""The two ways to take a step: `local` (this machine) and `trl` (TRL's trainers).

Imports `train` rooms beside it but not `cli`. Start with `local`.
"""
