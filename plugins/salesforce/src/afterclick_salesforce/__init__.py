"""Afterclick's plugin for Salesforce: leads as Leads, and as Contacts once they are converted."""
