"""The commands of `postseal`."""
