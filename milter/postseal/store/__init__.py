"""What must outlive a message, a process or a host: tables and verbs over one database."""
