"""Datasets: one module declares one dataset (`DATASET`); `catalogue` lists them."""
