"""Least-squares adjustment of many observations of many unknowns, with an honest covariance.

`unknowns`: what is sought, in families of blocks. `terms`: what observations say of it (`corner_term`, `priors`).
`normal_equations`: block normal equations, the many small blocks eliminated. `levenberg`: the iteration.
`noise`: how noisy the observations were, from themselves. Nothing here knows a camera's or an arm's name.

Gauge: no frame is held behind anybody's back. What the observations leave open is tied by a prior that the caller
states, or the family is not sought and keeps its value; otherwise the normal equations are singular and say so.
"""
