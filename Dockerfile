# The viewer in a container:
#
#     docker build -t marotte .
#     docker run --rm --init -p 127.0.0.1:5252:5252 marotte
#
# Open the printed address, with `localhost` in place of the container's address:
# http://localhost:5252/?token=...
#
# Outside a container, `marotte view` listens on the loopback interface and needs no token. A
# container's loopback interface can't be reached from the host, so the viewer listens on all of the
# container's interfaces and asks for a token. `-p 127.0.0.1:5252:5252` keeps other machines out. Use
# `localhost`, because browsers give the microphone only to pages from localhost or https.

FROM python:3.12-slim AS build
WORKDIR /source
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.12-slim
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir "$(ls /wheels/*.whl)[live]" \
    && rm -r /wheels \
    && useradd --create-home marotte
USER marotte
WORKDIR /home/marotte
ENV PYTHONUNBUFFERED=1
EXPOSE 5252
ENTRYPOINT ["marotte"]
CMD ["view", "--host", "0.0.0.0", "--port", "5252", "--no-open"]
