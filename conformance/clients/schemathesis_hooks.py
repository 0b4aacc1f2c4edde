"""Random requests ask for random lengths; what is checked here is not how long the model can go on."""

import schemathesis

FEW = 4


@schemathesis.hook
def before_call(context, case, kwargs):
    """A length that is valid, or missing where there is a default, becomes a short one; what is invalid stays."""
    body = case.body
    if "completions" not in case.path or not isinstance(body, dict):
        return
    lengths = [name for name in ("max_tokens", "max_completion_tokens") if name in body]
    for name in lengths or ["max_tokens"]:
        value = body.get(name)
        if value is None or (type(value) in (int, float) and value == int(value) and FEW < value <= 100_000):
            body[name] = FEW
