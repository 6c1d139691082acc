"""The Metadata API as far as it makes fields, values of standard picklists and page layouts.

Known: readMetadata, createMetadata, updateMetadata, upsertMetadata and deleteMetadata of CustomField,
StandardValueSet (LeadSource) and Layout, and listMetadata. Deploying a zip file is not emulated.

Source: Metadata API Developer Guide, the pages of these calls and types; the WSDL for the order of elements.
"""

from afterclick_salesforce.sandbox.metadata.soap import Soap

__all__ = ["Soap"]
