"""A real HTTP server on loopback that speaks the hub's endpoints and misbehaves when told to."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "451f4fe16113bff5a5d2269ed5ad43b0592e9a14"


@dataclass
class Fault:
    """What one request meets.

    Attributes:
        status: an answer that is no file, with these headers.
        drop_after: bytes after which the connection breaks off.
        body: other bytes than the file's.
        length: the Content-Length that is told in place of the right one; -1 for none: chunks.
        endless: the body never ends. silent: it never begins.
        more: headers beside the file's.
    """

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    drop_after: int = -1
    body: bytes | None = None
    length: int | None = None
    endless: bool = False
    silent: bool = False
    more: dict[str, str] = field(default_factory=dict)


@dataclass
class Hub:
    """What the server has. `faults` are used up one a request of that path."""

    url: str
    repos: dict[str, dict[str, bytes]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    gated: set[str] = field(default_factory=set)
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    blobs: bool = True  # whether the listing tells sizes
    ranges: bool = True
    heads: bool = True
    cdn: str = ""  # another address to redirect to
    sent: int = 0  # bytes of bodies that were sent in chunks
    waits: list[float] = field(default_factory=list)  # what was waited, in place of waiting

    def asked(self, ending: str, method: str = "GET") -> list[dict[str, str]]:
        """Headers of every request whose path ends so."""
        return [h for m, path, h in self.seen if m == method and path.endswith(ending)]


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, body: bool) -> None:
            path = self.path.partition("?")[0]
            hub.seen.append((self.command, path, {k.lower(): v for k, v in self.headers.items()}))
            waiting = hub.faults.get(path, [])
            fault = waiting.pop(0) if body and waiting else Fault()
            if not body and not hub.heads:
                return self._send(405, b"", body)
            if fault.status:
                return self._send(fault.status, b"no", body, fault.headers)
            for repo in hub.gated:
                if f"/{repo}/" in path and self.headers.get("Authorization") != "Bearer right":
                    return self._send(401, b"gated", body)
            if path.startswith("/api/models/"):
                if fault.body is not None:
                    return self._send(200, fault.body, body, fault=fault)
                return self._listing(path.removeprefix("/api/models/"), body)
            if "/resolve/" in path:
                repo, _, rest = path[1:].partition("/resolve/")
                content = hub.repos.get(repo, {}).get(rest.partition("/")[2])
                if content is None:
                    return self._send(404, b"none", body)
                linked = {
                    "X-Repo-Commit": COMMIT,
                    "X-Linked-Size": str(len(content)),
                    "X-Linked-ETag": f'"{hashlib.sha256(content).hexdigest()}"',
                    "Location": f"{hub.cdn}/cdn/{repo}/{rest.partition('/')[2]}",
                }
                return self._send(302, b"", body, linked)
            if path.startswith("/cdn/"):
                owner, name, rest = path.removeprefix("/cdn/").split("/", 2)
                return self._file(hub.repos[f"{owner}/{name}"][rest], body, fault)
            if path.startswith("/files/") and path[7:] in hub.files:
                return self._file(hub.files[path[7:]], body, fault)
            return self._send(404, b"none", body)

        def _listing(self, rest: str, body: bool) -> None:
            repo = rest.partition("/revision/")[0]
            if (
                repo not in hub.repos
            ):  # the hub does not tell a missing repository from a private one
                return self._send(401, b"{}", body, {"X-Error-Code": "RepoNotFound"})
            siblings = []
            for name, content in hub.repos[repo].items():
                item: dict[str, object] = {"rfilename": name}
                if hub.blobs:
                    item["size"] = len(content)
                    if name.endswith(".safetensors"):
                        sha = hashlib.sha256(content).hexdigest()
                        item["lfs"] = {"sha256": sha, "size": len(content)}
                siblings.append(item)
            asked = rest.partition("/revision/")[2]
            sha = asked if len(asked) == 40 else COMMIT
            text = json.dumps({"id": repo, "sha": sha, "siblings": siblings}).encode()
            return self._send(200, text, body)

        def _file(self, content: bytes, body: bool, fault: Fault) -> None:
            content = fault.body if fault.body is not None else content
            etag = f'"{hashlib.md5(content).hexdigest()}"'
            start, asked = 0, self.headers.get("Range", "")
            if asked and hub.ranges and self.headers.get("If-Range", etag) == etag:
                start = int(asked.removeprefix("bytes=").rstrip("-"))
                if start >= len(content):
                    return self._send(416, b"", body)
            headers = {"ETag": etag}
            if start:
                headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            headers |= fault.more
            self._send(206 if start else 200, content[start:], body, headers, fault)

        def _send(
            self,
            status: int,
            content: bytes,
            body: bool,
            headers: dict[str, str] | None = None,
            fault: Fault | None = None,
        ) -> None:
            fault = fault or Fault()
            length = len(content) if fault.length is None else fault.length
            self.send_response(status)
            told = (
                ("Content-Length", str(length)) if length >= 0 else ("Transfer-Encoding", "chunked")
            )
            for name, value in (*(headers or {}).items(), told):
                self.send_header(name, value)
            self.end_headers()
            if not body:
                return
            if fault.silent:
                return threading.Event().wait(0.5) and None
            if length < 0:
                return self._chunks(content, fault)
            if fault.drop_after >= 0:
                content = content[: fault.drop_after]
                self.close_connection = True
            elif fault.length is not None:
                self.close_connection = True
            self.wfile.write(content)
            self.wfile.flush()

        def _chunks(self, content: bytes, fault: Fault) -> None:
            with contextlib.suppress(OSError):  # whoever asked has gone
                while True:
                    hub.sent += len(content)
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(content), content))
                    if not fault.endless:
                        break
                self.wfile.write(b"0\r\n\r\n")

    return Handler


@contextlib.contextmanager
def serving() -> Iterator[Hub]:
    """The server, as long as the body runs."""
    hub = Hub("")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(hub))
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # whoever asked has gone
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def diffusers_repo(width: int = 768) -> dict[str, bytes]:
    """The files of a hub repository laid out as Stable Diffusion's, of small noise."""
    weights = bytes(range(256)) * 8000  # 2 MB
    names = ("unet/diffusion_pytorch_model", "vae/diffusion_pytorch_model", "text_encoder/model")
    files = {
        f"{name}{half}.{kind}": name.encode() + half.encode() + weights[: 200_000 + 1_000_000 * i]
        for i, name in enumerate(names)
        for half in ("", ".fp16")
        for kind in ("safetensors", "bin")
    }
    for name in ("unet", "vae", "text_encoder"):
        files[f"{name}/config.json"] = b"{}"
    files["unet/config.json"] = json.dumps(
        {"cross_attention_dim": width, "in_channels": 4}
    ).encode()
    files |= {
        "model_index.json": b'{"_class_name": "StableDiffusionPipeline"}',
        "scheduler/scheduler_config.json": b"{}",
        "tokenizer/vocab.json": b"{}",
        "tokenizer/merges.txt": b"#",
        "README.md": b"read me",
        "safety_checker/model.safetensors": b"left out",
        "v1-5-pruned-emaonly.safetensors": b"left out",
        "unet/diffusion_pytorch_model.non_ema.safetensors": b"left out",
    }
    return files
