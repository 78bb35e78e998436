# One image; the command picks the process: serve | serve capture --group 0 | serve live | serve web | serve retention
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN python -m venv /opt/uitkijk \
 && /opt/uitkijk/bin/pip install --no-cache-dir --require-hashes -r requirements.lock \
 && /opt/uitkijk/bin/pip install --no-cache-dir --no-deps .

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10151 --home-dir /var/lib/uitkijk --create-home uitkijk
COPY --from=build /opt/uitkijk /opt/uitkijk
ENV PATH=/opt/uitkijk/bin:$PATH VMS_CONFIG=/etc/uitkijk/site.toml PYTHONUNBUFFERED=1
USER uitkijk
VOLUME ["/var/lib/uitkijk", "/media"]
EXPOSE 8080
# Asks the web process when this container runs one; a container of another process is as healthy as its process.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s CMD ["vms", "healthy"]
ENTRYPOINT ["vms"]
CMD ["serve"]
