// The viewer's server: its socket, and the files that it makes of takes.

import { Client } from "marotte/client.js";

export class Server extends Client {
  /** @param on callbacks, as for `Client` */
  constructor(on) {
    const url = new URL(`socket${location.search}`, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    super(url, on);
  }

  /** Let the server write the file (a Blob) of a take: `ending` is "csv" or "glb". */
  async convert(values, ending) {
    const response = await fetch(`take.${ending}${location.search}`, {
      method: "POST",
      headers: { "Content-Type": "application/octet-stream" },
      body: values,
    });
    if (!response.ok) throw new Error(await response.text());
    return response.blob();
  }
}
