import { Picks } from "./picks.jsx";

// A server component. The history and the recommendations are on the device: it renders their frame.
export default function Page() {
  return (
    <main>
      <h1>Tap what you like</h1>
      <Picks />
    </main>
  );
}
