// Calls the greeter when the form is sent. The browser sends the session's cookie with the call.

const form = document.getElementById("greet");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  document.getElementById("reply").textContent = await sayHello(form.elements.name.value);
});

/** One unary call, as it is on the wire. An application would take a library: see examples/greeter. */
async function sayHello(name) {
  const text = new TextEncoder().encode(name);
  const message = [10, text.length, ...text];
  const response = await fetch("/helloworld.Greeter/SayHello", {
    method: "POST",
    headers: { "content-type": "application/grpc-web+proto" },
    body: new Uint8Array([0, 0, 0, 0, message.length, ...message]),
  });
  const body = new Uint8Array(await response.arrayBuffer());
  const length = new DataView(body.buffer).getUint32(1);
  const payload = body.subarray(5, 5 + length);
  // The trailers alone say why there is no message. A message has one field, of less than 16 KiB.
  if (body[0] === 0x80) return new TextDecoder().decode(payload);
  return new TextDecoder().decode(payload.subarray(payload[1] < 0x80 ? 2 : 3));
}
