// What a page needs to make the calls of the cases.

import { clients } from "./clients.js";
import { methodsOf } from "./methods.js";
import { run } from "./run.js";

globalThis.run = ({ client, url, descriptors, call }) =>
  run(clients[client], url, methodsOf(descriptors), call);
