"""`python -m rawstore.demo`: the main job on real text, with what each query cost."""
