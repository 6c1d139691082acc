"""Afterclick's plugin for Pipedrive; `plugin` holds its hooks."""
