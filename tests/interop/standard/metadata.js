// Metadata between its forms. `-bin` values are base64 in headers, and arrays of bytes in the cases.

/** The metadata of a case as the values of headers. */
export function toHeaders(metadata) {
  const encode = (value) => (Array.isArray(value) ? btoa(String.fromCharCode(...value)) : value);
  return Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, encode(value)]));
}

/** What a client handed out, pairs of keys and values, as the metadata of a case. */
export function fromPairs(pairs) {
  return Object.fromEntries([...pairs].map(([key, value]) => [key, decode(key, value)]));
}

function decode(key, value) {
  if (!key.endsWith("-bin")) return value;
  if (typeof value !== "string") return [...value];
  return Array.from(atob(value), (character) => character.charCodeAt(0));
}
