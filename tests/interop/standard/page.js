// What a page needs to make the calls of the cases.

import { methodsOf } from "./methods.js";
import { run } from "./run.js";

globalThis.run = ({ client, url, descriptors, call }) => run(client, url, methodsOf(descriptors), call);
