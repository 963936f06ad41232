"""The languages that recipients are spoken to, and all texts in them: one catalogue for mail and pages."""
