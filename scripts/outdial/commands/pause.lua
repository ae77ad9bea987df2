-- outdial pause: start no new call of a campaign, until resume.

return require("outdial.commands.switch") {
    name = "pause",
    state = "paused",
    summary = "start no new call of a campaign, until resume",
}
