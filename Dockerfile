# Build: docker build -t legacytls .
# Run:   docker run --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges \
#          --env-file .env -v legacytls:/data -v /etc/legacytls.pem:/run/legacytls.pem:ro \
#          -e AZURE_CLIENT_CERTIFICATE_PATH=/run/legacytls.pem --stop-timeout 30 legacytls
# The certificate is mounted read-only, and user 10001 has to be able to read it: install -o 10001 -m 400 legacytls.pem /etc/. With
# another credential, leave out its -v and -e.
# HTTP mode: add -p 3000:3000 and, behind the image's name, run --host 0.0.0.0. Probes and scrapers from outside the container need
# -e LEGACYTLS_HEALTH_HOST=0.0.0.0; the numbers tell nothing about people, but whoever reaches the port may read them.
FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
RUN python -m venv /opt/legacytls
# The pins come first: this layer is built anew only when they change.
COPY requirements.txt ./
RUN /opt/legacytls/bin/pip install --require-hashes -r requirements.txt
COPY LICENSE README.md pyproject.toml ./
COPY bot bot
COPY handlers handlers
COPY storage storage
RUN /opt/legacytls/bin/pip install --no-deps --no-build-isolation . \
    && /opt/legacytls/bin/pip check \
    && /opt/legacytls/bin/pip uninstall -y pip setuptools

FROM python:3.11-slim-bookworm
COPY --from=build /opt/legacytls /opt/legacytls
# Nothing but /data is written to, so the root file system may be read-only; the byte code was compiled while installing.
RUN install -d -o 10001 -g 10001 -m 0750 /data
ENV PATH=/opt/legacytls/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DATABASE_URL=sqlite:////data/legacytls.db \
    LEGACYTLS_HEALTH_PORT=8643
USER 10001:10001
WORKDIR /data
VOLUME /data
STOPSIGNAL SIGTERM
# Alive, not ready: a container that waits for Slack must not be restarted for it.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python", "-c", \
    "import os, urllib.request as u; u.urlopen(f\"http://127.0.0.1:{os.environ['LEGACYTLS_HEALTH_PORT']}/healthz\", timeout=4)"]
ENTRYPOINT ["legacytls"]
CMD ["run"]
