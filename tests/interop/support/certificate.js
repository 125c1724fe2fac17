import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A certificate for this machine that signed itself: its PEM, the path of that, and the path of its key. */
export function makeCertificate() {
  const directory = mkdtempSync(join(tmpdir(), "interop-"));
  const [cert, key] = ["cert.pem", "key.pem"].map((name) => join(directory, name));
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"];
  const request = ["req", "-x509", ...curve, ...names, "-days", "2", "-out", cert, "-keyout", key];
  execFileSync("openssl", request, { stdio: ["ignore", "ignore", "pipe"] });
  const pem = readFileSync(cert, "utf8");
  return { pem, cert, key, remove: () => rmSync(directory, { recursive: true }) };
}
