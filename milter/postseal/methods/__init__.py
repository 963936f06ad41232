"""How mail is protected: one file for each method, and one line each in the table of `methods.table`."""
