"""How a command ends when it cannot do its work: a message and a status, never a traceback."""

import click


class WrongConfiguration(click.ClickException):
    """A setting to be mended. Status 2."""

    exit_code = 2

    def __init__(self, problem: Exception) -> None:
        super().__init__(f"Cấu hình sai / Wrong configuration: {problem}")


class OutOfOrder(click.ClickException):
    """A part of the kiosk does not work. Status 1."""

    exit_code = 1

    def __init__(self, problem: Exception) -> None:
        super().__init__(f"Thiết bị hỏng / Out of order: {problem}")
