"""Shape an event as CloudEvents 1.0 (cloudevents.io, JSON event format, structured mode). Pure."""

from storage.integrity.canonical import canonical
from storage.record.export import Event

CONTENT_TYPE = "application/cloudevents+json"


def event_id(event: Event) -> str:
    """The id of an event for ever: ``<tenant id>:<seq>``."""
    return f"{event['tenant']}:{event['seq']}"


def body_of(event: Event) -> str:
    """The body that is posted; the same event makes the same bytes."""
    return canonical(
        {
            "specversion": "1.0",
            "id": event_id(event),
            "source": f"legacytls/{event['tenant']}",
            "type": f"legacytls.{event['kind']}",
            "time": event["at"],
            "datacontenttype": "application/json",
            "data": event,
        }
    )
