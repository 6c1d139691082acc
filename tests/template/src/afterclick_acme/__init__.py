"""Afterclick's plugin for Acme, an invented CRM: a template for a real one."""
