-- outdial stop: end a campaign: no new call, and what was handed off is taken back.

return require("outdial.commands.switch") {
    name = "stop",
    state = "stopped",
    summary = "end a campaign: no new call, and what was handed off is taken back",
}
