// grpc-web needs an XMLHttpRequest, and Node has none. The packages that add one differ from
// browsers where it matters here: they hold text back until the end, or hand out binary bodies
// before it. So this is what grpc-web uses of it, on top of fetch, with a browser's behaviour.

const OPENED = 1;
const HEADERS_RECEIVED = 2;
const LOADING = 3;
const DONE = 4;

class XMLHttpRequest {
  readyState = 0;
  status = 0;
  statusText = "";
  responseType = "";
  responseText = "";
  response = null;

  #method;
  #url;
  #aborted = new AbortController();
  #requestHeaders = new Headers();
  #responseHeaders = new Headers();

  open(method, url) {
    this.#method = method;
    this.#url = url;
    this.#enter(OPENED);
  }

  setRequestHeader(name, value) {
    this.#requestHeaders.append(name, value);
  }

  getResponseHeader(name) {
    return this.#responseHeaders.get(name);
  }

  getAllResponseHeaders() {
    return [...this.#responseHeaders].map(([name, value]) => `${name}: ${value}\r\n`).join("");
  }

  abort() {
    this.#aborted.abort();
  }

  async send(body) {
    try {
      await this.#receive(body);
    } catch {
      this.status = 0;
    }
    this.#enter(DONE);
  }

  async #receive(body) {
    const response = await fetch(this.#url, {
      method: this.#method,
      headers: this.#requestHeaders,
      body,
      signal: this.#aborted.signal,
    });
    this.status = response.status;
    this.statusText = response.statusText;
    this.#responseHeaders = response.headers;
    this.#enter(HEADERS_RECEIVED);

    const chunks = [];
    for await (const chunk of response.body) {
      chunks.push(chunk);
      // Only text can be read before it is complete.
      if (this.responseType === "") this.responseText = Buffer.concat(chunks).toString();
      this.#enter(LOADING);
    }
    const bytes = new Uint8Array(Buffer.concat(chunks));
    this.response = this.responseType === "arraybuffer" ? bytes.buffer : this.responseText;
  }

  #enter(state) {
    this.readyState = state;
    this.onreadystatechange?.();
  }
}

globalThis.XMLHttpRequest = XMLHttpRequest;
