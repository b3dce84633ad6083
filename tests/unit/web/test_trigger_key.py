"""The trigger key's way from the visitor's page to the simulated tool, and only where there is one."""

import pytest
from support.scripted_desk import ScriptedDesk, procedure, screen_at
from support.web_client import web_of
from websockets.exceptions import ConnectionClosed, InvalidStatus

MIRROR = procedure("door-mirror")


class Key:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.did: list[str] = []

    def hold(self) -> None:
        self.did.append("hold")

    def let_go(self) -> None:
        self.did.append("let go")


def test_a_page_that_goes_away_lets_the_trigger_go() -> None:
    """It should pass the key on, and let go when the page has gone while it was held."""
    key = Key()
    desk = ScriptedDesk(now=screen_at(MIRROR, "welcome"), trigger_key=key)
    with web_of(desk) as web, web.feed("/ws/trigger") as feed:
        feed.send({"held": True})
        feed.send({"held": True})
    assert key.did == ["hold", "hold", "let go"]


@pytest.mark.parametrize("text", ["", "{", '{"held":1}', '{"held":"true"}', '{"held":true,"more":1}', "[true]"])
def test_a_key_that_makes_no_sense(text: str) -> None:
    """It should close on what is no key, and let go."""
    key = Key()
    desk = ScriptedDesk(now=screen_at(MIRROR, "welcome"), trigger_key=key)
    with web_of(desk) as web, web.feed("/ws/trigger") as feed:
        feed.send(text)
        with pytest.raises(ConnectionClosed):
            feed.message()
    assert key.did == ["let go"]


def test_elsewhere_there_is_no_such_door() -> None:
    """It should not have the door on a station whose tool has a trigger of its own, and say so to the page."""
    with web_of(ScriptedDesk(now=screen_at(MIRROR, "welcome"))) as web:
        with pytest.raises(InvalidStatus), web.feed("/ws/trigger"):
            pass
        assert web.http.get("/about.json").json()["trigger"] is False
