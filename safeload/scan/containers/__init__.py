"""Containers: one module for each way in which model bytes are packed."""
