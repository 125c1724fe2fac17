// What the clients expect in a browser and Node does not have.

import "./xml-http-request.js";

// The client of Improbable finds `fetch` there.
globalThis.self = globalThis;
