"""Afterclick's plugin for HubSpot: leads as contacts. `plugin.py` is the table of contents."""
