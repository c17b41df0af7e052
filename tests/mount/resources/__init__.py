"""What is special to one kind of resource."""
