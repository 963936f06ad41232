"""Other implementations of CMS, each as a `Peer`; and the matrix of who reads what of whom."""
