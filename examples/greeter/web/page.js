// The page: makes a call when its button is pressed, and each once at the start.

const CODES = [
  "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND",
  "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED",
  "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
];

const CALLS = {
  hello: async (client, name, onMessage) => onMessage(await client.sayHello(name)),
  slowly: (client, name, onMessage) => client.sayHelloSlowly(name, onMessage),
  fail: async (client, name, onMessage) => onMessage(await client.sayHello("")),
};

const official = new URLSearchParams(location.search).get("client") === "official";
document.getElementById(official ? "official" : "built-in").setAttribute("aria-current", "page");

const form = document.getElementById("calls");
const client = await load(official ? "/official-client.js" : "/small-client.js");
form.addEventListener("submit", (event) => {
  event.preventDefault();
  run(event.submitter.value);
});
if (client) Object.keys(CALLS).forEach(run);

/** The client, or null where it cannot be had, and then the page says why instead. */
async function load(script) {
  try {
    return await import(script);
  } catch {
    const hint = document.getElementById("hint");
    hint.textContent = `${script} cannot be loaded: ${await (await fetch(script)).text()}`;
    hint.hidden = false;
    form.hidden = true;
    return null;
  }
}

async function run(call) {
  const section = document.getElementById(call);
  if (section.dataset.state === "running") return;
  const messages = element("ol");
  const result = section.querySelector(".result");
  result.replaceChildren(messages);
  show(section, "running");

  const start = performance.now();
  try {
    await CALLS[call](client, document.getElementById("name").value, (message) => {
      const elapsed = Math.round(performance.now() - start);
      const item = element("li", element("span", message), element("span", `${elapsed} ms`));
      item.dataset.elapsed = elapsed;
      item.lastChild.className = "elapsed";
      messages.append(item);
    });
    show(section, "done");
  } catch (error) {
    result.append(explanation(error));
    show(section, "failed");
  }
}

/** The state, for the styles and for screen readers. The button keeps the focus it has. */
function show(section, state) {
  section.dataset.state = state;
  section.setAttribute("aria-busy", state === "running");
  section.querySelector("button").setAttribute("aria-disabled", state === "running");
}

function explanation({ code, message, violations = [] }) {
  const list = element("dl");
  const add = (part, label, content) => {
    const value = element("dd", content);
    value.dataset.part = part;
    list.append(element("dt", label), value);
  };
  add("code", "Code", CODES[code] ?? "UNKNOWN");
  add("message", "Message", message);
  for (const { field, description } of violations) {
    add("violation", "Field", `${field}: ${description}`);
  }
  return list;
}

function element(name, ...children) {
  const made = document.createElement(name);
  made.append(...children);
  return made;
}
