// A Worker that answers with the hash of the golden profile.
import { buildProfile, cluster, init } from "pocketsage";
import { profileHash } from "./profile-hash.mjs";

export default {
  async fetch(request) {
    await init();
    return Response.json(profileHash({ buildProfile, cluster }, await request.json()));
  },
};
