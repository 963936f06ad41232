-- A session as a foreign implementation of the MTA's side leads it: a transaction that is aborted, two that
-- are complete, and a client of an unknown family.
--   -D socket=ADDRESS     the milter
--   -D added=HEADER       optional: a header field that it must have added at end-of-message

-- One step of the protocol; one that the milter asked not to be sent is left out.
local function step(what, tell, connection, ...)
	local _, failure = pcall(tell, connection, ...)
	if failure ~= nil and not string.find(failure, "negotiated SMFIP_NO", 1, true) then
		error(what .. ": " .. failure)
	end
end

local function goes_on(connection, what)
	local reply = mt.getreply(connection) -- 0: the milter has not had to answer anything yet
	if reply ~= SMFIR_CONTINUE and reply ~= SMFIR_ACCEPT and reply ~= 0 then
		error(what .. ": reply " .. string.char(reply))
	end
end

local function envelope(connection, number)
	mt.macro(connection, SMFIC_MAIL, "i", "QUEUE" .. number)
	step("MAIL", mt.mailfrom, connection, "<ann@lab.test>", "SIZE=100")
	goes_on(connection, "MAIL")
	step("RCPT", mt.rcptto, connection, "<bob@example.test>", "NOTIFY=NEVER")
	goes_on(connection, "RCPT")
	step("DATA", mt.data, connection)
end

local function content(connection)
	step("header", mt.header, connection, "From", "ann@lab.test")
	step("header", mt.header, connection, "Subject", "from a foreign driver")
	step("end of headers", mt.eoh, connection)
	step("body", mt.bodystring, connection, "Hello Bob.\r\n")
	step("body", mt.bodyrandom, connection, 200000)
	step("end of message", mt.eom, connection)
	goes_on(connection, "end of message")
	if added ~= nil and not mt.eom_check(connection, MT_HDRADD, added) then
		error("no " .. added .. " was added")
	end
end

local function main()
	for _, address in ipairs({ "192.0.2.1", "unspec" }) do
		local connection = mt.connect(socket, 40, 0.05)
		if connection == nil then
			error("nothing listens at " .. socket)
		end
		step("connect", mt.conninfo, connection, "client.test", address)
		step("HELO", mt.helo, connection, "client.test")

		envelope(connection, 0)
		step("header", mt.header, connection, "Subject", "never finished")
		step("abort", mt.abort, connection)

		for number = 1, 2 do
			envelope(connection, number)
			content(connection)
		end
		mt.disconnect(connection)
	end
end

-- miltertest keeps the words of an error to itself.
local good, why = pcall(main)
if not good then
	mt.echo(why)
	error(why)
end
