"""Take files as Slack does without ``files.upload``: ask for an address, send bytes, complete.

``files.getUploadURLExternal``, the upload itself, ``files.completeUploadExternal``, and the download for the
page.
"""

import mimetypes
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from bot.sandbox.slack import cast
from bot.sandbox.slack.api import Arguments, Method
from bot.sandbox.slack.cast import BOT_USER
from bot.sandbox.slack.messages import JSON, Content, SlackError
from bot.sandbox.slack.workspace import Workspace

WRITE = ("files:write",)


@dataclass(slots=True)
class File:
    """One file; ``content`` is ``None`` until the bytes arrived."""

    id: str
    name: str
    length: int
    content: bytes | None = None


class Files:
    """``base`` gives the workspace's own address."""

    def __init__(self, workspace: Workspace, *, base: Callable[[], str]) -> None:
        self._workspace = workspace
        self._base = base
        self._files: dict[str, File] = {}

    def mount(self, app: web.Application) -> None:
        """Serve upload and download."""
        app.router.add_post("/upload/v1/{id}", self._upload)
        app.router.add_get("/files/{id}/{name}", self._download)
        app.router.add_get("/files-pri/{id}/download/{name}", self._hand_out)

    def methods(self) -> dict[str, Method]:
        """Return what this module answers."""
        return {
            "files.getUploadURLExternal": Method(self._address, WRITE),
            "files.completeUploadExternal": Method(self._complete, WRITE),
        }

    def given(self, name: str, content: bytes) -> JSON:
        """Return a file chosen in a form as Slack tells the app of it (docs.slack.dev, file object)."""
        file = File(f"F{self._workspace.number():08X}", name, len(content), content)
        self._files[file.id] = file
        address = f"{self._base()}/files-pri/{file.id}/download/{name}"
        return self._shown({"id": file.id}) | {"url_private_download": address}

    def content(self, file_id: str) -> bytes:
        """Return the bytes of an uploaded file. Raises ``file_not_found``."""
        file = self._files.get(file_id)
        if file is None or file.content is None:
            raise SlackError("file_not_found")
        return file.content

    def _address(self, arguments: Arguments) -> JSON:
        name, length = arguments.need("filename"), arguments.need("length")
        if not length.isdigit() or int(length) == 0:
            raise SlackError(
                "invalid_arguments", messages=["[ERROR] must be more than 0 [json-pointer:/length]"]
            )
        file = File(f"F{self._workspace.number():08X}", name, int(length))
        self._files[file.id] = file
        return {"upload_url": f"{self._base()}/upload/v1/{file.id}", "file_id": file.id}

    async def _upload(self, request: web.Request) -> web.Response:
        file = self._files.get(request.match_info["id"])
        content = await request.read()
        if file is None or file.content is not None or len(content) != file.length:
            return web.Response(status=400, text="unknown address, used before, or not the promised length")
        file.content = content
        return web.Response(text=f"OK - {len(content)}")

    def _complete(self, arguments: Arguments) -> JSON:
        """Share what was uploaded, in a message if a channel is given."""
        completed = [self._shown(wanted) for wanted in arguments.decoded("files", [])]
        if arguments.text("channel_id"):
            channel = self._workspace.entered(arguments.text("channel_id"), BOT_USER)
            comment, thread = Content(arguments.text("initial_comment")), arguments.text("thread_ts") or None
            self._workspace.post(channel.id, BOT_USER, comment, files=completed, thread_ts=thread)
        return {"files": completed}

    def _shown(self, wanted: JSON) -> JSON:
        content = self.content(str(wanted.get("id")))
        file = self._files[str(wanted["id"])]
        return {
            "id": file.id,
            "name": file.name,
            "title": wanted.get("title") or file.name,
            "mimetype": mimetypes.guess_type(file.name)[0] or "application/octet-stream",
            "size": len(content),
            "url_private": f"{self._base()}/files/{file.id}/{file.name}",
        }

    async def _hand_out(self, request: web.Request) -> web.Response:
        """To the bot's token only; anybody else is sent to where people sign in."""
        if request.headers.get("Authorization") != f"Bearer {cast.BOT_TOKEN}":
            raise web.HTTPFound("/signin")
        return await self._download(request)

    async def _download(self, request: web.Request) -> web.Response:
        try:
            content = self.content(request.match_info["id"])
        except SlackError:
            return web.Response(status=404, text="There is no such file.")
        safe = {"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff"}
        return web.Response(body=content, content_type="application/octet-stream", headers=safe)
