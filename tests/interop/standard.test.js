import { cases } from "./standard/cases.js";
import { clients } from "./standard/clients.js";
import { places } from "./standard/places.js";
import { suite } from "./standard/suite.js";

for (const place of places) suite(place, clients, cases);
