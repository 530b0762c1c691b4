"""Micro models: pretrained from scratch in minutes, sure of themselves by construction."""
