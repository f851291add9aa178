-- Tell the planner how large the tables have become since it last looked.
analyze
