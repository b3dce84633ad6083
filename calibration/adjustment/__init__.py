"""Least-squares adjustment of many observations of many unknowns, with an honest covariance.

`unknowns`: what is sought, in families of blocks. `terms`: what observations say of it (`corner_term`, `priors`).
`normal_equations`: block normal equations, the many small blocks eliminated. `levenberg`: the iteration.
`noise`: how noisy the observations were, from themselves. Nothing here knows a camera's or an arm's name.
"""
