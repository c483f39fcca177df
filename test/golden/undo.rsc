# Removes the additions of the router.rsc of fwknop-mikrotik, and nothing else: rules by their
# comments, which begin with "fwknop-mikrotik: ", the rest by name.
# Entries of the address lists expire by themselves; entries that you added without a timeout stay.

/ip/firewall/filter/remove [/ip/firewall/filter/find where comment~"^fwknop-mikrotik: "]
/ip/firewall/nat/remove [/ip/firewall/nat/find where comment~"^fwknop-mikrotik: "]
/ip/firewall/mangle/remove [/ip/firewall/mangle/find where comment~"^fwknop-mikrotik: "]
/ip/firewall/layer7-protocol/remove [/ip/firewall/layer7-protocol/find where comment~"^fwknop-mikrotik: "]
/ip/firewall/address-list/remove [/ip/firewall/address-list/find where comment~"^fwknop-mikrotik: "]
/user/remove [/user/find where name="fwknop-mikrotik" and comment="fwknop-mikrotik: user"]
:if ([:len [/user/find where group="fwknop-mikrotik"]] = 0) do={
  /user/group/remove [/user/group/find where name="fwknop-mikrotik"]
}

# The certificate, once api-ssl does not use it. The API over TLS is then disabled: without a
# certificate the router could not prove its identity.
{
  :local apiService ""
  :foreach item in=[/ip/service/find where name="api-ssl"] do={
    :if (([/ip/service/get $item]->"connection") != true) do={
      :set apiService $item
    }
  }
  :local apiSsl [/ip/service/get $apiService]
  :if ([:tostr ($apiSsl->"certificate")] = "fwknop-mikrotik") do={
    /ip/service/set $apiService certificate=none disabled=yes
    :put "api-ssl: disabled, certificate=none. The previous settings were not saved:"
    :put "- its address list and tls-version=only-1.2 stay as router.rsc set them"
    :put "- the default of RouterOS: /ip/service/set api-ssl address=\"\" tls-version=any disabled=no"
  }
}
/certificate/remove [/certificate/find where name="fwknop-mikrotik"]
