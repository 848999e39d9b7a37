"""Turning recipes into weights, predictions and history."""
