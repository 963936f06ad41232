"""What is in a message: text, attachments, and the files within files."""
