# Swath in a container: a build stage with pip and the kernels' compiler run, and a slim stage to serve.
# linux/amd64: the lerc wheel carries no library for other Linux machines.

FROM python:3.13-slim AS build

SHELL ["/bin/bash", "-o", "pipefail", "-c"]

# Hadolint: a Debian package's version is pinned by the base image's own release; an exact pin
# would break the build at each security update.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libexpat1 \
    && rm -rf /var/lib/apt/lists/*

RUN python -m venv /opt/swath
ENV PATH=/opt/swath/bin:$PATH

WORKDIR /build
# The dependencies alone first: this layer stays cached while only code changes. With all extras that
# serving and authoring may want: nobody installs into a container.
COPY pyproject.toml constraints.txt ./
RUN python -c "import tomllib; p = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
extras = p['optional-dependencies']; \
wanted = ('demo', 'cloud', 'cubes', 'postgis', 'oidc', 'tracing'); \
print(*p['dependencies'], *(each for name in wanted for each in extras[name]), sep='\n')" > requirements.txt \
    && pip install --no-cache-dir --only-binary :all: -c constraints.txt -r requirements.txt

COPY README.md LICENSE ./
COPY config config
COPY engine engine
COPY raster_types raster_types
COPY server server
RUN pip install --no-cache-dir --no-deps . \
    && python -m compileall -q /opt/swath/lib

# Compiled for any x86-64, not for the builder: numba's cache is keyed by the processor's name, and
# an image runs on many. The same two variables stand in the serving stage, or the cache is not found.
ENV NUMBA_CACHE_DIR=/opt/swath/kernels \
    NUMBA_CPU_NAME=generic
# From a folder without sources, so that the installed package is what compiles.
WORKDIR /
RUN python -m engine.warmup


FROM python:3.13-slim

# libexpat1: rasterio's wheel wants the system's. tini: reaps instances whose parent died, passes signals on.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libexpat1 tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home --home-dir /home/swath swath \
    && install --directory --owner=swath --group=swath /data

COPY --from=build /opt/swath /opt/swath
# numba takes a cache folder only if it can write there, and would else compile at every start.
COPY --from=build --chown=swath:swath /opt/swath/kernels /opt/swath/kernels

ENV PATH=/opt/swath/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    NUMBA_CACHE_DIR=/opt/swath/kernels \
    NUMBA_CPU_NAME=generic \
    SWATH_DATA=/data

USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8080

HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:8080{os.environ.get(\"SWATH_PREFIX\", \"\")}/health/live', timeout=4)"]

# The wheels bring their own GDAL and PROJ data; a variable inherited from elsewhere would point them
# at another version's.
ENTRYPOINT ["tini", "--", "env", "--unset=GDAL_DATA", "--unset=PROJ_LIB", "--unset=PROJ_DATA", "swath"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8080"]
