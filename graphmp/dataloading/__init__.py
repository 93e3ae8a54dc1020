"""Samplers and loaders for stochastic training; there are none yet."""
