"""placeholder"""


def description():
    return {}
