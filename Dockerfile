# Another base with Python 3.11 or newer may stand in: --build-arg BASE=…
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
WORKDIR /build
COPY requirements-runtime.lock requirements-build.lock ./
RUN python -m venv /opt/build \
 && /opt/build/bin/pip install --no-cache-dir --require-hashes -r requirements-build.lock \
 && python -m venv --without-pip /opt/widget \
 && /opt/build/bin/pip --python /opt/widget install --no-cache-dir --require-hashes -r requirements-runtime.lock
COPY pyproject.toml README.md LICENSE ./
COPY widget widget
COPY demo_ats/__init__.py demo_ats/
COPY demo_ats/sandbox demo_ats/sandbox
COPY templates templates
COPY static static
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
 && /opt/build/bin/pip --python /opt/widget install --no-deps dist/*.whl

FROM ${BASE}
RUN useradd --uid 10001 --create-home --home-dir /var/lib/widget widget
COPY --from=build /opt/widget /opt/widget
USER widget
WORKDIR /var/lib/widget
ENV PATH=/opt/widget/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    WIDGET_DATABASE_URL=sqlite:////var/lib/widget/widget.db
EXPOSE 8001
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8001/healthz', timeout=4)"]
ENTRYPOINT ["candidate-widget"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8001", "--workers", "2"]
